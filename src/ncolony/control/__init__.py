"""The control program behind ``ncolony.cli`` and ``ncolony.ctllib``: writes and reads files.

It imports no Twisted, and little else: it starts in the time of Python itself.
"""
