"""`python -m camera_node` is `parkhub-node`."""

from camera_node.cli import main

main()
