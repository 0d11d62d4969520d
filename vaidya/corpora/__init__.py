"""Public and own evaluation data -> Case. In: a set's name. Out: its cases, the path of a case's recording.

The sets are declared in `sets.yaml`; each has a folder under VAIDYA_DATA (our own cases: `eval/cases/`) and a reader.
Every `*.jsonl` of a set's folder is read, whatever the file is called.
"""

from vaidya.corpora.sets import (
    DataSet,
    Reading,
    as_dataset,
    audio_path,
    data_set,
    data_sets,
    folder_of,
    read_cases,
    read_rows,
)

__all__ = [
    "DataSet",
    "Reading",
    "as_dataset",
    "audio_path",
    "data_set",
    "data_sets",
    "folder_of",
    "read_cases",
    "read_rows",
]
