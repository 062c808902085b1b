"""`python -m platform_sim`: the simulator without the application around it."""

from platform_sim.command import platform_sim

platform_sim()
