"""How much the property tests draw: little while one works, more in CI, thousands in a soak.

`PURSE_TEST_PROFILE`, or pytest's own `--hypothesis-profile`, chooses the profile. A test never
states a number of examples. It states what one example costs, as a multiple of a cheap one.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

FEWEST = 5
# Examples of the cheapest properties.
WORK, CI, SOAK = 150, 400, 2000
MUTATION = 60


def register() -> None:
    """Register the profiles, and load the one that PURSE_TEST_PROFILE names, else `work`."""
    for name, max_examples in (("work", WORK), ("ci", CI), ("soak", SOAK)):
        settings.register_profile(
            name,
            max_examples=max_examples,
            deadline=None,  # other processes share the machine
            print_blob=True,
            suppress_health_check=[
                HealthCheck.too_slow,
                HealthCheck.function_scoped_fixture,  # examples may share a connection
            ],
        )
    # A mutant is judged by the same examples as every other, and none is worth shrinking.
    settings.register_profile(
        "mutation",
        max_examples=MUTATION,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile(os.environ.get("PURSE_TEST_PROFILE", "work"))


def examples(cost: int = 1) -> int:
    """Return how many examples the chosen profile draws where each costs that many cheap ones."""
    return max(FEWEST, max_examples() // cost)


def max_examples() -> int:
    """Return how many cheap examples the chosen profile draws."""
    number: int = settings.default.max_examples
    return number


def chosen() -> str:
    """Return the chosen profile's name."""
    return settings.get_current_profile_name()
