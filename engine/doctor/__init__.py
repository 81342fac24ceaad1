"""What works on this machine, told in words a person can act on. Nothing leaves the machine."""
