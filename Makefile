# The words of this project.  What takes more than a line or two stands in tools/.

# The interpreter that makes .venv; once there is one, its own.
PYTHON ?= $(shell [ -x .venv/bin/python ] && echo .venv/bin/python || echo python3)
PORT ?= 8000
BIN := .venv/bin

# The networks are small: a second thread of PyTorch waits more than it works, and twice
# as long as that on a busy machine.
export OMP_NUM_THREADS ?= 1

# Tests run side by side, one for each core and four at most: each takes a gigabyte, with
# its browser.
SIDE_BY_SIDE ?= -n logical --maxprocesses 4

# Tests that need the built book, a browser or npm's packages name them.
UNITS = $(shell grep -LE '^from (browser|explorer|playground|timed|test_tools) |"(_build|node_modules)"' \
	tests/test_*.py)

help:  ## list these words
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

book: environment  ## build the book into _build/html and print its first page
	@$(BIN)/python tools/book.py

test: environments  ## run every check, the cheap ones first
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python tools/book.py
	$(BIN)/pytest $(SIDE_BY_SIDE) --dist worksteal tests
	PYTHONPATH=tests $(BIN)/pytest -p executed \
		--nbval --nbval-sanitize-with tests/nbval.cfg book
	@$(MAKE) --no-print-directory colab-check
	@$(MAKE) --no-print-directory chips-check
	@$(MAKE) --no-print-directory lab-check

check: environment  ## check what a change of one chapter needs, as in CHAPTER=03
	@$(BIN)/python tools/check_chapter.py "$$CHAPTER"

units: environment  ## run the tests that need no built book, browser or npm
	$(BIN)/pytest $(SIDE_BY_SIDE) --dist worksteal $(UNITS)

bench: book  ## time training here and elsewhere, the explorers, and pages' first load
	@$(PYTHON) tools/environment.py .venv-bench benchmarks/speed/requirements.txt .
	@.venv-bench/bin/python benchmarks/speed/run.py $(BENCH)
	@$(BIN)/python benchmarks/speed/page.py $(BENCH)
	@$(BIN)/python benchmarks/load/run.py $(BENCH)

colab-check: environment colab-environment  ## run each chapter alone, with Colab's libraries
	@$(BIN)/python tools/colab_check.py $(CHAPTERS)

newest-check:  ## run units and chapters with the newest versions of what they import
	@rm -rf .venv-newest
	@$(PYTHON) tools/environment.py .venv-newest tools/newest.txt .
	.venv-newest/bin/python -m pytest $(SIDE_BY_SIDE) --dist worksteal $(UNITS)
	.venv-newest/bin/python -m pytest $(SIDE_BY_SIDE) --dist loadfile \
		--nbval-lax --nbval-current-env --nbval-cell-timeout 300 book

chips-check: environment  ## run a network in Norse, and count its work by NeuroBench
	@$(PYTHON) tools/environment.py .venv-chips tools/chips.txt --on .venv
	@.venv-chips/bin/python -m pytest -q tests/chips

lab-check: environment lab-environment  ## move the explorers in a real JupyterLab
	@$(BIN)/pytest -q tests/lab

accuracy: environment  ## train and test everything that chapter 5 compares
	@PYTHONPATH=benchmarks $(BIN)/python -m accuracy $(ACCURACY)

notebooks: environment  ## run the chapters again and keep their outputs
	@$(BIN)/python tools/notebooks.py

serve: book  ## show the book on http://localhost:8000, or on another PORT
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

screenshots: book  ## take pictures of every page into _build/screenshots
	@$(BIN)/python tools/screenshots.py

slides: book  ## make slides of the chapters into _build/slides, one file each
	@$(BIN)/python tools/slides.py

offline: book  ## make the book as a PDF and as a zip file, offered on its front page
	@$(BIN)/python tools/offline.py

links: book  ## follow every link that leads out of the book, and list the broken ones
	@$(BIN)/python tools/web_links.py

dist: environment  ## build wheel and source archive into _build/dist and check them
	@$(BIN)/python tools/dist.py

publish: environment  ## write the address REPOSITORY=https://github.com/you/name
	@$(BIN)/python tools/publish.py "$$REPOSITORY"

environment: python
	@$(PYTHON) tools/environment.py .venv requirements.txt .

colab-environment: python
	@$(PYTHON) tools/environment.py .venv-colab tools/colab.txt

lab-environment: python
	@$(PYTHON) tools/environment.py .venv-lab tools/lab.txt

# Each takes one core for minutes.
environments:
	@$(MAKE) --no-print-directory -j environment colab-environment lab-environment

python:
	@command -v $(PYTHON) >/dev/null || \
		{ echo "$(PYTHON) is missing: install Python 3.11, 3.12 or 3.13"; exit 1; }

.PHONY: help book test check units bench colab-check newest-check chips-check \
	lab-check accuracy notebooks serve screenshots slides offline links dist publish \
	environment colab-environment lab-environment environments python
