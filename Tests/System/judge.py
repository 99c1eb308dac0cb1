"""Counts what is not as it should be, and has a line for each thing that was looked at."""

LONGEST = 2000


class Judge:
    def __init__(self):
        self.lines, self.checks, self.failures = [], 0, 0

    def title(self, text):
        self.lines.append(f"  {text}")

    def expect(self, holds, what, seen=""):
        """One check. `seen` is shown when it does not hold; it may be a function, where finding out takes time."""
        self.checks += 1
        self.failures += not holds
        self.lines.append(f"    {'ok  ' if holds else 'FAIL'} {what}")
        if not holds:
            text = str(seen() if callable(seen) else seen).strip()
            self.lines += [f"         | {line}" for line in text[-LONGEST:].splitlines()]
        return bool(holds)

    def note(self, text):
        """A measurement, which nothing depends on."""
        self.lines.append(f"         {text}")
