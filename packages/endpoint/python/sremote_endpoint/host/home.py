"""The user's home directory."""
import os


def find_home():
    home = os.environ.get("HOME")
    if home and os.path.isabs(home):
        return os.path.normpath(home)
    import pwd
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/"
