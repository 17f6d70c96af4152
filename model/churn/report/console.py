"""The terminal as Churn writes to it: texts of others cannot steer it."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from churn.visible import visible


class VisibleConsole(Console):
    """A console that spells out the control characters in what it is given to print (`churn.visible`).

    Colours and the like are not concerned: they are styles, and become control characters only after this.
    """

    def render_str(self, text: str, **how: Any) -> Text:
        """As in the class above. Here the text gets the width that it is shown with."""
        return super().render_str(visible(text), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As in the class above. Here comes by what was no plain text, such as a panel's title."""
        for part in super().render(renderable, options):
            yield part if part.control else Segment(visible(part.text), part.style)
