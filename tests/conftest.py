"""What all tests stand on, whoever started them."""

import signal

# A run in the background of a shell inherits an ignored SIGINT and would hand it on to every process that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
