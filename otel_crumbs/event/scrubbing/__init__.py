"""
The rules of scrubbing: `names` says which names are of secrets, `table` has a rule for each kind of secret in a text.

    names, values --> strength --> one module a kind of text --> table
"""
