"""
The recorder: the last breadcrumbs of a process in a file that outlives it, and the events made of such files.

A process writes into its own file as it goes (`recording`), by hooks on the trails (`recorder`).
Whoever finds the file of a process that has died (`recovery`, `child_watch`) reads it (`reading`), finds out what the
process died of (`death`), and makes one event of it (`crash`).
"""
