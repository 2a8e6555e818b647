"""Files that hold no measured series: the error names column, row and what to do."""

import pytest
from tables import refused, table

from spikereg import from_frame

pytestmark = pytest.mark.usefixtures("unchecked")

LONGER = "must be CSV in UTF-8, not .*table.csv .*: read it by pandas.read_csv with set"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "table must have a header and rows, not .*table.csv"),
        ("\n\n", "table must have a header and rows, not .*table.csv"),
        ("x,y\n", r"must have rows, not only the header \['x', 'y'\]"),
        ("x,y", r"must have rows, not only the header \['x', 'y'\]"),
        ("x,y\n1,2\n", r"leave rows to train on, not take 0\.2 and 0\.2 of 1 rows"),
        ("x,y,x\n1,2,3\n", "must have one column 'x', not 2 of that name"),
        (
            "x;y\n1;2\n",
            r"""column 'x', not only \['x;y'\].*read_csv\(path, sep=";"\)""",
        ),
        (
            "x;y\n1,5;2,5\n",
            r"""column 'x', not only.*read_csv\(path, sep=";"\), with decimal=""",
        ),
        ("y,x\n1\n2,3\n", r"CSV in UTF-8, not .*\(1 of 2 columns in line 2\): read"),
        ("y,x\n1,2\n\n'a\n", r"not .*\(1 of 2 columns in line 4\): read it by"),
        ("y,x,z\n1,2\n", r"not .*\(2 of 3 columns in line 2\): read it by"),
        (
            "x\ty\n1\t2\n",
            r"not only \['x.ty'\]: read it by pandas\.read_csv\(path, sep",
        ),
        ("A title\nx,y\n1,2\n", r"column 'x', not only \['A title'\]$"),
        ("X,y\n1,2\n", r"column 'x', not only \['X', 'y'\]$"),
        ("x, y\n1, 2\n", r"column 'y', not only \['x', ' y'\]$"),
        ("x,y\n1,5,2,5\n", LONGER),
        (
            "x,y\n1,2\n3,4,5\n",
            "must be CSV in UTF-8, not .* in line 3, saw 3.*: read it by pandas",
        ),
        ('x,y\n1,"2\n3,4\n', LONGER),
        ("x,y,Größe\n1,2,3\n".encode("latin-1"), LONGER),
        ("x,y,g\n1,2,ä\n".encode("latin-1"), LONGER),
        ("x,y\n1,2\n".encode("utf-16"), LONGER),
        (b"PK\x03\x04" + bytes(range(256)), LONGER),
        (b"\x1f\x8b\x08\x00" + bytes(range(256)), LONGER),
        (bytes(64), "must have the column 'x', not only"),
        (
            "x,y\n1,2\nabc,3\n",
            "column 'x' must hold numbers, not 'abc' in row 2: if it stands for a m",
        ),
        ("x,y\n1,2\n3,1_0\n", "column 'y' must hold numbers, not '1_0' in row 2$"),
        ("x,y\n1,2\n5 %,3\n", "column 'x' must hold numbers, not '5 %' in row 2$"),
        (
            'x,y\n"12,5",3\n',
            r"""not '12,5' in row 1: .*read_csv\(path, decimal=","\)""",
        ),
        (
            'x,y\n"1,234.5",3\n',
            r"column 'x' must hold numbers, not '1,234\.5' in row 1: .*thousands=\",\"",
        ),
        ("x,y\n1,2\n3,inf\n", r"'y' must hold numbers, not inf in row 2: the largest"),
        (
            "x,y\n1,2\n-1e300,3\n",
            r"'x' must hold numbers, not -1e\+300 in row 2: the l",
        ),
        ("x,y\n1,2\n1e999,3\n", "'x' must hold numbers, not (inf|'1e999') in row 2"),
        (
            "x,y\n1,2\n-,3\n",
            r"not '-' in row 2: if .*read_csv\(path, na_values=\['-'\]",
        ),
        ("x,y\n2026-01-31,2\n", "'x' must hold numbers, not '2026-01-31' in row 1$"),
    ],
)
def test_a_file_that_is_no_table_is_named(tmp_path, text, message):
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    refused(path, message)


@pytest.mark.parametrize("name", ["table.gz", "table.zip", "table.xlsx", "table.xz"])
def test_a_file_is_read_as_what_it_holds_whatever_it_is_called(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04" + bytes(range(256)))
    refused(path, "must be CSV in UTF-8")
    table(60).to_csv(path, compression=None)
    assert len(from_frame(path, "noise", "y", warm_up=0).rows["train"]) == 36


def test_a_group_called_na_is_told_how_to_be_read(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("x,y,g\n1,2,NA\n")
    hint = r"keep_default_na=False, na_values=\[''\]\)$"
    refused(path, f"hold a group in each row, not none in row 1; .*{hint}", group="g")


def test_a_file_of_one_column_has_a_value_in_each_line(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("x\n1\n2\n\n3\n\n\n")
    message = r"\(0 of 1 columns in line 4\)"
    refused(path, message, inputs="x", outputs="x", horizon=1)
    path.write_text("\nx\n" + "".join(f"{n}\n" for n in range(40)) + "\n\n")
    assert from_frame(path, "x", "x", horizon=1, warm_up=0)
