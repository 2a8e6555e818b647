"""Links that lead out of the book, followed to a server of our own."""

import socket
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import web_links


class Answers(BaseHTTPRequestHandler):
    """Answers as the path asks: by a code, some after another one at first."""

    def do_GET(self):
        self.server.asked.append(self.path)
        again = self.server.asked.count(self.path) > 1
        kind = self.path.strip("/").split("/")[0]
        if kind == "hangs":
            self.server.ended.wait(30)
            return
        later = {"busy": 429, "broken": 503}
        code, place = 200, ""
        if kind in later and not again:
            code = later[kind]
        elif kind in ("moved", "doi"):
            code, place = 302, "/403" if kind == "doi" else "/fine"
        elif kind == "circle":
            code, place = 301, "/circle"
        elif kind.isdigit():
            code = int(kind)
        self.send_response(code)
        if place:
            self.send_header("Location", place)
        if code == 429:
            self.send_header("Retry-After", "0")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    """Serve answers; each is waited for half a second, and asked for again at once."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as made:
        made.asked, made.ended = [], threading.Event()
        made.address = f"http://127.0.0.1:{made.server_port}"
        monkeypatch.setattr(web_links, "PATIENCE", 0.5)
        monkeypatch.setattr(web_links, "PAUSE", 0.0)
        monkeypatch.setattr(web_links, "DOI", f"{made.address}/doi/")
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.ended.set()
        made.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "said", "times"),
    [
        ("fine", "", 1),
        ("404", "404 Not Found", 1),
        ("410", "410 Gone", 1),
        ("999", "999", 1),
        ("500", "500 Internal Server Error", 3),
        ("429", "429 Too Many Requests", 3),
        ("busy", "", 2),
        ("broken", "", 2),
        ("moved", "", 1),
        ("circle", "redirects without end", 31),
        ("hangs", "no answer in 0.5 s", 3),
        ("doi/10.1000/1", "", 1),  # who publishes it turns us away
    ],
)
def test_an_answer_is_read_and_waited_for(server, path, said, times):
    address = f"{server.address}/{path}"
    assert web_links.faults([address]) == ({address: said} if said else {})
    assert server.asked.count(f"/{path}") == times
    assert "/403" not in server.asked


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("htp://a.org/b", "no scheme of the web: htp"),
        ("javascript:go()", "no scheme of the web: javascript"),
        ("http://", "no address"),
        ("https://a.invalid/", "no server answers"),
    ],
)
def test_what_is_no_address_of_a_server_is_named(monkeypatch, address, said):
    monkeypatch.setattr(web_links, "PAUSE", 0.0)
    assert web_links.faults([address]) == {address: said}


@pytest.fixture
def unheard():
    """Return addresses at which nobody listens."""
    with ExitStack() as bound:
        sockets = [bound.enter_context(socket.socket()) for _ in range(9)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))  # and it is never told to listen
        yield [f"http://127.0.0.1:{each.getsockname()[1]}" for each in sockets]


def test_no_server_answers_where_nobody_listens(monkeypatch, unheard):
    monkeypatch.setattr(web_links, "PAUSE", 0.0)
    assert web_links.faults(unheard[:1]) == {unheard[0]: "no server answers"}


def test_each_address_is_asked_for_once_and_servers_one_by_one(server):
    paths = [f"/fine/{n}" for n in range(20)]
    assert web_links.faults([server.address + path for path in paths]) == {}
    assert server.asked == paths


@pytest.fixture
def project(tmp_path, server):
    """Make a book of a page, with all that may hold links; return what writes one."""
    (tmp_path / "book").mkdir()
    (tmp_path / "spikereg").mkdir()
    (tmp_path / "html" / "_static").mkdir(parents=True)
    (tmp_path / "html" / "_static" / "theirs.html").write_text('<a href="htp://no">')
    files = {
        "html/index.html": '<a href="page.html">A</a><a href="mailto:a@b.org">B</a>',
        "README.md": "See http://localhost:8000 and `https://github.com/you/name`.",
        "CONTRIBUTING.md": f"[A]({server.address}/fine).",
        "CITATION.cff": f"url: {server.address}/fine#place",
        "book/references.bib": "  doi = {10.1000/1},\n",
        "spikereg/a.py": f'"""See {server.address}/fine."""',
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    def write(name, text):
        (tmp_path / name).write_text(text.replace("HERE", server.address))
        web_links.links.page_of.cache_clear()

    write.root, write.html = tmp_path, tmp_path / "html"
    return write


def follow(project, capsys):
    code = web_links.main(project.root, project.html)
    return code, *capsys.readouterr()


def test_a_book_whose_links_are_well_says_so(project, server, capsys):
    code, out, err = follow(project, capsys)
    assert (code, out) == (0, "2 links are well, 0 unknown, 0 broken\n")
    assert "2/2" in err  # the bar
    assert sorted(server.asked)[1:] == ["/doi/10.1000/1", "/fine"]  # after the probe


def test_broken_links_are_listed_by_the_files_that_hold_them(project, server, capsys):
    here = server.address
    project("html/index.html", '<a href="HERE/404">A</a><a href="htp://a">B</a>')
    project("README.md", "[A](HERE/404), <HERE/403>, HERE/410.")
    project("book/references.bib", "  url = {HERE/404/a(b)c},\n")
    project("spikereg/a.py", '"""It is at HERE/hangs."""')
    code, out, _ = follow(project, capsys)
    assert code == 1
    assert out == (
        "These servers turn programs away; look at the pages yourself:\n"
        "README.md:\n"
        f"    403 Forbidden: {here}/403\n"
        "These links are broken:\n"
        "README.md:\n"
        f"    404 Not Found: {here}/404\n"
        f"    410 Gone: {here}/410\n"
        "book/references.bib:\n"
        f"    404 Not Found: {here}/404/a(b)c\n"
        "spikereg/a.py:\n"
        f"    no answer in 0.5 s: {here}/hangs\n"
        "index.html:\n"
        "    no scheme of the web: htp: htp://a\n"
        f"    404 Not Found: {here}/404\n"
        "1 links are well, 1 unknown, 5 broken\n"
    )


def test_without_a_network_it_says_so_in_one_line(
    project, monkeypatch, capsys, unheard
):
    for name in ("CONTRIBUTING.md", "CITATION.cff", "spikereg/a.py"):
        project(name, " ".join(unheard))
    monkeypatch.setattr(web_links, "DOI", f"{unheard[0]}/")
    code, out, err = follow(project, capsys)
    assert (code, out) == (2, "")
    assert err.startswith("No network: none of 127.0.0.1:")
    assert err.endswith("can be reached, so no link was followed\n")
    assert err.count("\n") == 1


def test_without_a_book_it_says_what_to_do(project, capsys):
    (project.html / "index.html").unlink()
    code, _, err = follow(project, capsys)
    assert code == 2
    assert "run `make book` first" in err


def test_this_books_own_files_are_read():
    root = web_links.ROOT
    spoken = web_links.spoken_of(root, root / "no-pages")
    assert "https://doi.org/10.1098/rsos.231606" in spoken["README.md"]
    assert "https://neuroir.org" in spoken["spikereg/interchange.py"]
    found = {address for theirs in spoken.values() for address in theirs}
    assert len(found) > 40
    assert not any("localhost" in address or "/you/" in address for address in found)
