"""What readers take with them: a PDF and a zip file, made of the built book, opened."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import links
import numpy as np
import offline
import pypdf
import pypdfium2
import pytest
from browser import HTML, ROOT, opened
from filelock import FileLock
from written import BOOK, text_of

import spikereg

NAME = f"spikereg-book-{spikereg.__version__}"
#: Of a sheet: 16 millimetres, less what rounding may take; points of 1/72 inch
MARGIN = 44


def run(root, **environment):
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "offline.py", root],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=900,
    )


@pytest.fixture(scope="session")
def made(browser, tmp_path_factory, worker_id):
    """Run the tool on a copy of the built book, once for all processes that test."""
    folder = tmp_path_factory.getbasetemp()
    root = (folder if worker_id == "master" else folder.parent) / "offline (é)"
    with FileLock(f"{root}.lock"):
        if not root.exists():
            copy(root)
            done = run(root)
            assert done.returncode == 0, done.stderr
            assert re.search(r"\nin \d+ s\n$", done.stdout)
    html = root / "_build" / "html"
    return SimpleNamespace(
        root=root,
        html=html,
        pdf=html / "downloads" / f"{NAME}.pdf",
        zip=html / "downloads" / f"{NAME}.zip",
    )


def copy(root):
    """Copy a built book from which nothing has been made yet."""
    shutil.copytree(HTML, root / "_build/html", ignore=lambda *_: {"downloads"})
    shutil.copytree(ROOT / "_build" / "wheel", root / "_build" / "wheel")
    for name in ("_toc.yml", "_config.yml", "_build/built"):
        shutil.copy(ROOT / name, root / name)
    (root / "book").symlink_to(BOOK)
    front = root / "_build" / "html" / "book" / "index.html"
    front.write_text(offline.OFFER.sub(r"\1\2", front.read_text()))


# The PDF


@pytest.fixture(scope="session")
def sheets(made):
    """Return every sheet of the PDF: its text, and its picture in gray."""
    with pypdfium2.PdfDocument(made.pdf) as pdf:
        return [
            SimpleNamespace(
                text=flat(sheet.get_textpage().get_text_bounded()),
                picture=sheet.render(scale=1, grayscale=True).to_numpy(),
            )
            for sheet in pdf
        ]


def flat(text):
    """Leave the words of a text, whatever quotes and spaces it is set with."""
    return re.sub(r"\s+", " ", text.replace("\u2019", "'")).strip()


def tree(outline):
    """Return the entries of an outline, and those below each."""
    found = []
    for entry in outline:
        if isinstance(entry, list):
            found[-1][1].extend(tree(entry))
        else:
            found.append((entry, []))
    return found


def headings(page):
    """Return the title of a page and its sections, as its source has them."""
    (source,) = (p for p in BOOK.glob(f"{page}.*") if p.suffix in (".md", ".ipynb"))
    text = re.sub(r"(?s)```.*?```", "", text_of(source))
    found = re.findall(r"(?m)^(##?) (.+)$", text)
    plain = [(marks, re.sub(r"[`*]", "", heading)) for marks, heading in found]
    return plain[0][1], [heading for marks, heading in plain if marks == "##"]


def test_the_outline_has_every_part_page_and_section_where_it_is(made, sheets):
    pdf = pypdf.PdfReader(made.pdf)
    front, *parts = tree(pdf.outline)
    toc = (ROOT / "_toc.yml").read_text()
    captions = re.findall(r"caption: \"?(.+?)\"?$", toc, re.MULTILINE)
    assert [entry.title for entry, _ in parts] == captions
    pages = re.findall(r"(?:root|file): book/(\w+)", toc)
    entries = [front, *(page for _, pages in parts for page in pages)]
    assert len(pages) == len(entries) == 20
    before = -1
    for name, (entry, sections) in zip(pages, entries, strict=True):
        title, below = headings(name)
        number = re.match(r"\d\d(?=_)", name)
        assert entry.title == (f"{int(number[0])}. {title}" if number else title)
        assert [flat(section.title) for section, _ in sections] == below
        for each, heading in [(entry, title), *((s, s.title) for s, _ in sections)]:
            here = pdf.get_destination_page_number(each)
            assert flat(heading) in sheets[here].text, heading
            assert here >= before  # in order
            before = here


def test_the_pdf_says_what_it_is_and_numbers_its_sheets(made, sheets):
    pdf = pypdf.PdfReader(made.pdf)
    assert pdf.metadata.title == "Regression with Spiking Neural Networks"
    assert pdf.metadata.author == "The spikereg authors"
    assert pdf.page_mode == "/UseOutlines"
    assert 250 < len(sheets) < 500
    for number, sheet in enumerate(sheets, start=1):
        assert str(number) in re.findall(r"\d+", sheet.text)


def test_the_pdf_holds_what_is_read_and_not_what_is_pressed(sheets):
    text = " ".join(sheet.text for sheet in sheets)
    asides = ("Search this book", "Skip to main content", "Take it with you")
    for word in (*asides, "installs spikereg if it is missing"):
        assert word not in text
    assert "still picture" not in text  # explorers have drawn themselves


def test_nothing_is_cut_and_nothing_is_dark(sheets):
    for number, sheet in enumerate(sheets, start=1):
        sides = [sheet.picture[:, :MARGIN], sheet.picture[:, -MARGIN:]]
        edges = [*sides, sheet.picture[: MARGIN - 4]]
        assert min(edge.min() for edge in edges) > 240, f"sheet {number} is cut"
        assert sheet.picture.mean() > 215, f"sheet {number} is dark"
        body = sheet.picture[:-MARGIN]
        assert body.min() < 128, f"sheet {number} is blank"


def test_a_formula_is_drawn_between_its_lines(made):
    with pypdfium2.PdfDocument(made.pdf) as pdf:
        for sheet in pdf:
            words = sheet.get_textpage()
            if found := words.search("and the mean absolute error").get_next():
                break
        _, _, _, below = words.get_charbox(found[0])
        left, right = MARGIN, sheet.get_width() - MARGIN
        box = (left, below + 4, right, below + 40)
        assert words.get_text_bounded(*box).strip() == ""
        top = round(sheet.get_height() - below)
        picture = sheet.render(scale=1, grayscale=True).to_numpy()
        assert np.ptp(picture[top - 40 : top - 4]) > 128


def test_links_lead_within_the_pdf_or_to_the_web(made, sheets):
    pdf = pypdf.PdfReader(made.pdf)
    sheet_of = {page.indirect_reference.idnum: n for n, page in enumerate(pdf.pages)}
    within = set()
    for number, page in enumerate(pdf.pages):
        for link in page.get("/Annots", []):
            if "/A" in link.get_object():
                assert link.get_object()["/A"]["/URI"].startswith("https://")
            else:
                aim = link.get_object()["/Dest"][0]
                within.add((number, sheet_of[aim.idnum]))
    assert len(within) > 400
    # From equation (1.1) to the glossary
    (first,) = (
        n for n, s in enumerate(sheets) if "the mean squared error (MSE)" in s.text
    )
    (glossary,) = (
        n
        for n, s in enumerate(sheets)
        if "MSE Mean squared error, equation (1.1)" in s.text
    )
    assert (first, glossary) in within


# The zip file


@pytest.fixture(scope="session")
def unpacked(made, tmp_path_factory):
    place = tmp_path_factory.mktemp("unpacked") / "A copy, elsewhere é"
    with zipfile.ZipFile(made.zip) as archive:
        assert archive.testzip() is None
        archive.extractall(place)
    assert [path.name for path in place.iterdir()] == [NAME]
    return place / NAME


def test_the_book_opens_from_the_zip_file(browser, unpacked):
    assert links.lost_in(unpacked) == {}
    with opened(browser, (unpacked / "index.html").as_uri()) as (page, faults):
        page.wait_for_url("**/book/index.html")
        page.locator(".spikereg .curve").first.wait_for()
        offered = page.locator("#take-it-with-you a")
        assert offered.evaluate_all("(all) => all.map((a) => a.textContent)") == [
            "a PDF"
        ]
        page.get_by_role("link", name="1. Background").last.click()
        page.wait_for_url("**/01_background.html")
        assert faults == []


def test_the_zip_file_has_the_pdf_and_the_notebooks_as_they_are(made, unpacked):
    assert (
        unpacked / "downloads" / made.pdf.name
    ).read_bytes() == made.pdf.read_bytes()
    committed = {path.name: path.read_bytes() for path in BOOK.glob("*.ipynb")}
    taken = {
        path.name: path.read_bytes() for path in unpacked.rglob("notebooks/*.ipynb")
    }
    assert taken == committed
    for picture in ("network.svg", "unrolled.svg", "open-in-colab.svg"):
        assert (unpacked / "notebooks" / picture).exists()
    about = (unpacked / "README.txt").read_text()
    assert f"version {spikereg.__version__}" in about
    for name in re.findall(r"(?m)^(\S+) {2,}", about):
        assert (unpacked / name).exists(), name


def test_the_wheel_of_the_zip_file_installs(unpacked, tmp_path):
    (wheel,) = unpacked.glob("notebooks/*.whl")  # where a chapter's first cell looks
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*install, "--target", tmp_path, wheel], check=True, timeout=300)
    asked = "import spikereg; print(spikereg.__file__, spikereg.__version__)"
    done = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.startswith(str(tmp_path))
    assert done.stdout.endswith(f" {spikereg.__version__}\n")


def test_the_same_contents_make_the_same_zip_file(tmp_path):
    contents = {"b": b"1" * 99, "a/c": b"2"}
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        offline.pack(tmp_path / folder / "x.zip", contents)
        contents = dict(reversed(contents.items()))
    one, two = (tmp_path / folder / "x.zip" for folder in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


# The offer


def test_the_front_page_offers_both_where_they_are(browser, made, tmp_path):
    assert links.lost_in(made.html) == {}
    address = (made.html / "book" / "index.html").as_uri()
    with opened(browser, address) as (page, faults):
        offer = page.locator("#take-it-with-you")
        sizes = [round(path.stat().st_size / 1e6) for path in (made.pdf, made.zip)]
        assert offer.inner_text() == (
            f"Take it with you: the whole book as a PDF ({sizes[0]} MB) or "
            f"a zip file, with its notebooks ({sizes[1]} MB)."
        )
        assert all(1 <= size < 50 for size in sizes)
        # A browser shows the PDF or saves it, as it can.
        link = offer.get_by_role("link", name="a PDF").evaluate("(a) => a.href")
        assert link == made.pdf.as_uri()
        with page.expect_download() as saved:
            offer.get_by_role("link", name="a zip file").click()
        saved.value.save_as(tmp_path / "saved.zip")
        assert (tmp_path / "saved.zip").read_bytes() == made.zip.read_bytes()
        assert faults == []


def test_a_second_offer_takes_the_place_of_the_first(tmp_path):
    empty = '<p>A</p><div id="take-it-with-you"></div><p>B</p>'
    pdf = tmp_path / "x.pdf"
    pdf.write_bytes(bytes(7_400_000))
    once = offline.offer(empty, pdf)
    assert '<a href="../downloads/x.pdf">a PDF</a> (7 MB)' in once
    pdf.write_bytes(bytes(8_400_000))
    twice = offline.offer(once, pdf)
    assert twice == once.replace("7 MB", "8 MB")
    assert offline.OFFER.sub(r"\1\2", twice) == empty


# What goes wrong


def stub(root, page='<div id="take-it-with-you"></div>'):
    """Make a built book of one page."""
    shutil.copytree(ROOT / "_build" / "wheel", root / "_build" / "wheel")
    (root / "_build" / "html" / "book").mkdir(parents=True)
    (root / "_build" / "html" / "book" / "index.html").write_text(page)
    (root / "_build" / "built").touch()
    (root / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    return set(root.rglob("*"))


def test_without_a_book_there_is_nothing_to_take(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        f"There is no book in {tmp_path}/_build/html: run `make book` first\n"
    )


def test_without_a_browser_nothing_is_made_or_offered(tmp_path):
    before = stub(tmp_path)
    path = str(tmp_path / "none")
    done = run(tmp_path, PATH=path, PLAYWRIGHT_BROWSERS_PATH=path)
    assert done.returncode == 1
    assert done.stderr.startswith("There is no browser that prints the book: install")
    assert "Traceback" not in done.stderr
    assert set(tmp_path.rglob("*")) == before


def test_a_front_page_without_a_place_for_the_offer_is_refused(tmp_path):
    before = stub(tmp_path, "<p>A page</p>")
    done = run(tmp_path)
    assert done.returncode == 1
    assert "index.html has no place for the offer" in done.stderr
    assert set(tmp_path.rglob("*")) == before
