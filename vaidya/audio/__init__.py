"""File -> Recording: decoded in a child process that can be killed, checked, mono 16 kHz."""
