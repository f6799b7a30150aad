"""What serves the workshop, and no engineer who takes the compiler alone.

- `start`, `environment`, `doctor`: `./start-notebook.sh`; the set-up; what this computer has and lacks
- `notebooks`, `lessons`: running notebooks; student copies and solutions from one source
- `checks`, `plots`: of the notebooks' exercises
- `recipes`: the commands that made the shipped weights
"""
