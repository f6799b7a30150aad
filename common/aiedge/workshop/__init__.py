"""What serves the workshop, and no engineer who takes the compiler alone.

- `start`, `environment`, `doctor`: `./start-notebook.sh`; the set-up; what this computer has and lacks
- `terminal`, `progress`: JupyterLab's terminals; how far a student is, and what comes next
- `bundle`, `room`: a kit for a room without a network; what each laptop of a room lacks
- `notebooks`, `lessons`: running notebooks; student copies, solutions and slides from one source
- `checks`, `plots`: of the notebooks' exercises
- `recipes`: the commands that made the shipped weights
"""
