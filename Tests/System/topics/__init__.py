"""What the packages are tried for. Each module has CASES, functions of a judge and a machine, which run in their order on one booted system."""
