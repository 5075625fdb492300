"""Where images come from, one module a source; whatever module lies here is one."""
