"""Prints the demo: numbered steps, their commands, plain tables, pages as text."""

import sys
from html.parser import HTMLParser

BOLD, DIM, PLAIN = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")
_steps = iter(range(1, 100))


def step(title):
    print(f"\n{BOLD}{next(_steps)}. {title}{PLAIN}\n")


def command(*lines):
    """Print commands. A line that starts with a space continues the command above it."""
    print("\n".join(f"   {DIM}{' ' if line.startswith(' ') else '$'} {line}{PLAIN}" for line in lines) + "\n")


def say(text=""):
    print(f"   {text}" if text else "")


def table(rows, headings):
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in [headings, ["-" * width for width in widths], *rows]:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def page(html):
    """Print a page as text, one line per block, with its fields and buttons."""
    reader = _Reader()
    reader.feed(html)
    reader.end_line()
    for line in reader.lines:
        say(f"| {line}")


class _Reader(HTMLParser):
    BLOCKS = {
        "address",
        "br",
        "button",
        "div",
        "dd",
        "dt",
        "form",
        "h1",
        "h2",
        "h3",
        "label",
        "li",
        "main",
        "p",
        "section",
    }
    SILENT = {"script", "style", "title"}

    def __init__(self):
        super().__init__()
        self.lines, self.line, self.silent = [], "", 0

    def handle_starttag(self, tag, attributes):
        if tag in self.BLOCKS:
            self.end_line()
        self.silent += tag in self.SILENT
        kind = dict(attributes).get("type", "text")
        if tag == "input" and kind != "hidden":
            self.line += " [______]" if kind != "submit" else f" ( {dict(attributes).get('value', 'Send')} )"
        if tag == "button":
            self.line = "( "

    def handle_endtag(self, tag):
        self.silent -= tag in self.SILENT
        if tag == "button":
            self.line += " )"
        if tag in self.BLOCKS:
            self.end_line()

    def handle_data(self, data):
        if not self.silent:
            self.line += data

    def end_line(self):
        if words := " ".join(self.line.split()):
            self.lines.append(words)
        self.line = ""
