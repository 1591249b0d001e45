import time


def run(steps, pause):
    """Prints a line for each step, and returns how far it came."""
    position = 0.0
    try:
        for step in range(1, steps + 1):
            position += 1 / step
            print("step %d of %d: %.4f" % (step, steps, position))
            time.sleep(pause)
    finally:
        print("ends at %.4f" % position)
    return position
