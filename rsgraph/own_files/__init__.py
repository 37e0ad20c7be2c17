"""The files of a workspace as they are read: types, shapes, ranges, finiteness and agreement checked, in one room.

A workspace may come from a stranger, or from a disk that fails. Whoever reads a file of ours reads it through here:
what comes out is what the documentation says, and all else is a WorkspaceError of one sentence that names file and
field. ``names`` says which names may become paths, ``links`` what may be written through, ``manifest``, ``scene``,
``config``, ``tables``, ``arrays`` and ``models`` know the files.
"""
