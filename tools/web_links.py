"""Follow every link that leads out of the book, its package and its guides.

Links of the built pages, of README.md, CONTRIBUTING.md and CITATION.cff, of docstrings
and comments, and the DOIs of references.bib: each address is asked for once, one after
another of a server, several servers at a time.  A DOI is well if doi.org knows it;
where it leads, publishers often turn programs away.

Exits with 0 if all are well, 1 if some are broken, and 2 without a network.
"""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import responses
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import links
import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3.util import Retry

ROOT = Path(__file__).resolve().parent.parent
DOI = "https://doi.org/"

#: What is there to be replaced, or never anybody's address
PLACEHOLDER = re.compile(
    r"https?://(localhost\b|[^/]*\.invalid\b|github\.com/(you|OWNER)/)"
)
#: What stands in running text; a full stop after it is not its own.
TEXT = re.compile(r"https?://[^\s<>()\[\]{}\"'`|\\]*[^\s<>()\[\]{}\"'`|\\.,;:]")
BIBLIOGRAPHY = re.compile(r"(?m)^\s*(doi|url)\s*=\s*[{\"](.+?)[}\"],?\s*$")

#: How a server says that it turns programs away; a reader may be let in.
REFUSES = re.compile("401|403|406|418|429|999")
#: How it says that it may answer later, if it does so at all
LATER = [429, 500, 502, 503, 504]
#: Seconds for an answer, at most; between the tries; and that a server may ask to wait
PATIENCE, PAUSE, WAIT = 20.0, 1.0, 60
SERVERS = 8  # at a time
PROBES = 4  # servers that are asked whether there is a network


def addresses_of(path: Path) -> Iterator[str]:
    """Find the addresses in a file that lead to other servers."""
    if path.suffix == ".html":
        yield from (a for a in links.page_of(path).links if urlsplit(a).scheme)
    elif path.suffix == ".bib":
        for key, value in BIBLIOGRAPHY.findall(path.read_text()):
            yield DOI + value if key == "doi" else value
    else:
        yield from TEXT.findall(path.read_text())


def places(root: Path, html: Path) -> Iterator[tuple[str, Path]]:
    """Give the files that hold links, each with the name that a reader knows."""
    guides = [root / name for name in ("README.md", "CONTRIBUTING.md", "CITATION.cff")]
    sources = sorted((root / "spikereg").rglob("*.py"))
    for path in [*guides, root / "book" / "references.bib", *sources]:
        yield path.relative_to(root).as_posix(), path
    for path in sorted(html.rglob("*.html")):
        name = path.relative_to(html).as_posix()
        if not name.startswith("_"):  # not what Sphinx and the theme bring along
            yield name, path


def spoken_of(root: Path, html: Path) -> dict[str, list[str]]:
    """Find all addresses, by the files that they stand in."""
    return {
        name: sorted(
            address
            for address in {urldefrag(each).url for each in addresses_of(path)}
            if not address.startswith("mailto:") and not PLACEHOLDER.match(address)
        )
        for name, path in places(root, html)
    }


def session() -> requests.Session:
    """Make what asks, and asks again where that may help."""
    retry = Retry(
        2,
        status_forcelist=LATER,
        backoff_factor=PAUSE,
        retry_after_max=WAIT,
        raise_on_status=False,
    )
    made = requests.Session()
    made.headers["User-Agent"] = "Mozilla/5.0 (compatible; spikereg follows its links)"
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(max_retries=retry))
    return made


def fault(asked: requests.Session, address: str) -> str:
    """Say what is wrong with an address, or nothing."""
    try:
        with asked.get(
            address,
            timeout=PATIENCE,
            stream=True,  # what it holds stays there
            allow_redirects=not address.startswith(DOI),
        ) as answer:
            code = answer.status_code
    except requests.exceptions.ConnectTimeout:
        return f"no connection in {PATIENCE:g} s"
    except requests.exceptions.Timeout:
        return f"no answer in {PATIENCE:g} s"
    except requests.exceptions.TooManyRedirects:
        return "redirects without end"
    except (requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema):
        return f"no scheme of the web: {urlsplit(address).scheme}"
    except requests.exceptions.InvalidURL:
        return "no address"
    except requests.exceptions.SSLError:
        return "no valid certificate"
    except requests.exceptions.RequestException as error:
        slow = "timed out" in str(error)  # of the last try
        return f"no answer in {PATIENCE:g} s" if slow else "no server answers"
    if code < HTTPStatus.BAD_REQUEST:
        return ""
    return f"{code} {responses.get(code, '')}".rstrip()


def faults(addresses: Iterable[str]) -> dict[str, str]:
    """Follow addresses, and say what is wrong with those that are not well."""
    servers = defaultdict(list)
    for address in addresses:
        servers[urlsplit(address).netloc].append(address)
    found = {}
    with tqdm(total=sum(map(len, servers.values())), unit="link") as bar:

        def follow(theirs: list[str]) -> None:
            with session() as asked:
                for address in theirs:
                    found[address] = fault(asked, address)
                    bar.update()

        with ThreadPoolExecutor(SERVERS) as pool:
            # The longest first, so that none is left in the end
            [*pool.map(follow, sorted(servers.values(), key=len, reverse=True))]
    return {address: said for address, said in sorted(found.items()) if said}


def unreachable(addresses: Iterable[str]) -> list[str]:
    """Return some servers of which none can be reached, or nothing if one can."""
    origins = {
        f"{parts.scheme}://{parts.netloc}"
        for parts in map(urlsplit, addresses)
        if parts.scheme in ("http", "https")
    }
    asked = sorted(origins)[:PROBES]
    for origin in asked:
        try:
            requests.head(origin, timeout=PATIENCE).close()
        except requests.exceptions.RequestException:
            continue
        return []
    return [urlsplit(origin).netloc for origin in asked]


def listed(found: dict[str, str], spoken: dict[str, list[str]]) -> Iterator[str]:
    """List faults by the files that hold the links."""
    for name, addresses in spoken.items():
        theirs = [address for address in addresses if address in found]
        if theirs:
            yield f"{name}:"
            yield from (f"    {found[address]}: {address}" for address in theirs)


def main(root: Path, html: Path) -> int:
    """Follow all links and list those that are not well."""
    if not (html / "index.html").exists():
        print(f"There is no book in {html}: run `make book` first", file=sys.stderr)
        return 2
    spoken = spoken_of(root, html)
    addresses = {address for theirs in spoken.values() for address in theirs}
    if silent := unreachable(addresses):
        print(
            f"No network: none of {', '.join(silent)} can be reached, so no link "
            "was followed",
            file=sys.stderr,
        )
        return 2
    found = faults(sorted(addresses))
    refused = {a: said for a, said in found.items() if REFUSES.match(said)}
    broken = {a: said for a, said in found.items() if a not in refused}
    if refused:
        print("These servers turn programs away; look at the pages yourself:")
        print("\n".join(listed(refused, spoken)))
    if broken:
        print("These links are broken:")
        print("\n".join(listed(broken, spoken)))
    well = len(addresses) - len(found)
    print(f"{well} links are well, {len(refused)} unknown, {len(broken)} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.parse_args()
    sys.exit(main(ROOT, ROOT / "_build" / "html"))
