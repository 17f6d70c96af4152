"""Planning by value per second: which steps promise most that is new, for the time that they take.

`places` is where one can be and what can be done there, `worth` what a step promises there, `novelty` how much of that is new
yet. `prospects` brings them together, and `planner` holds that against what it takes (`churn.lifecycle.costs`). It is pure: it
costs the system nothing, and needs none to say what it would do.
"""

from churn.lifecycle.planning.places import Place, Places
from churn.lifecycle.planning.planner import At, Planner, Route
from churn.lifecycle.planning.worth import Leaning

__all__ = ["At", "Leaning", "Place", "Places", "Planner", "Route"]
