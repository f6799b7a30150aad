"""The commands that made the weights in `common/weights`, and the lesson's short trainings.

    python -m aiedge.workshop.recipes.cars       the car classifier
    python -m aiedge.workshop.recipes.cifar      the networks of the CIFAR project

Both train on photographs, show their progress, go on where an interrupted run stopped, and write the weights.
`common/weights/README.md` has tables of their test. `quick` trains the CIFAR networks for drawn pictures.
"""
