/*
 * What the kernel is taught: to run commands beside itself. A kernel answers one request at a time, so no request waits for a command.
 *
 *   input   appends bytes to a command's input
 *   start   starts it, unless that was done before, and waits a moment; then as `look`
 *   look    how it is; with its end comes the beginning of what it printed
 *   read    more of that
 *   end     ends every command
 *   home    the server's root, and the place for files
 *   make    makes a directory of that name which is the user's alone, and so is what anybody puts into it
 *
 * Each may be sent twice. `drop` in any of them ends commands and forgets them. Requests and answers are JSON, bytes in it are base64. Before
 * an answer comes its CRC-32: what was damaged on the way is asked for again.
 * That a command has ended is announced on the kernel's own output, which may get lost: it only saves a wait.
 */

/** Bytes of a command's input in one request: Jupyter Server takes messages of 10 MiB. */
export const inputPiece: number = 4 * 2 ** 20;

/** An expression that is true where the program of this name runs already. */
export function isThere(name: string): string {
  return `${JSON.stringify(name)} in globals()`;
}

/** An expression that brings it there. @param lost names of earlier ones whose commands are no longer waited for */
export function install(name: string, lost: readonly string[]): string {
  const text = Buffer.from(source).toString("base64");
  return `exec(__import__("base64").b64decode("${text}").decode(), {"own": globals(), "name": ${JSON.stringify(name)}, "lost": ${JSON.stringify(lost)}})`;
}

/** What the kernel prints when a command has ended, before its id. */
export const announcement: string = "sremote-ended ";

const source = `
import base64, binascii, json, os, signal, struct, subprocess, sys, tempfile, threading, time

SILENCE = 60
PIECE = 3 << 20

def environment():
    try:
        # As the kernel got it: what IPython sets in its own (colours, pagers) is for notebooks.
        with open("/proc/self/environ", "rb") as file:
            given = dict(each.split(b"=", 1) for each in file.read().split(b"\\0") if b"=" in each)
    except OSError:
        given = dict(os.environb)
    env = {key: value for key, value in given.items() if not key.startswith((b"JPY_", b"PYDEVD_", b"JUPYTER_TOKEN"))}
    env[b"SREMOTE_KERNEL"] = name.encode()
    return env

def marked(tag):
    found = []
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            if entry.isdigit():
                with open("/proc/%s/environ" % entry, "rb") as file:
                    if tag in file.read():
                        found.append(int(entry))
        except OSError:
            pass
    return found

def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass

def private(path):
    os.mkdir(path, 0o700)
    # The server writes with a umask of its own; an access list for what comes into a directory counts in its place (acl(5)).
    rules = [(1, 7), (4, 0), (32, 0)]
    try:
        os.setxattr(path, "system.posix_acl_default", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each, 0xFFFFFFFF) for each in rules))
    except (AttributeError, OSError):
        pass

class Job:
    def __init__(self, id):
        self.id, self.input, self.process = id, tempfile.TemporaryFile(), None
        self.done, self.error, self.truncated, self.sizes = threading.Event(), None, False, [0, 0]

    def start(self, script, most):
        self.input.seek(0)
        env = environment()
        home = os.fsdecode(env.get(b"HOME", b"/"))
        self.process = subprocess.Popen([b"/bin/sh", b"-c", script.encode("utf-8", "surrogateescape")], stdin=self.input,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=home if os.access(home, os.X_OK) else "/", start_new_session=True)
        self.input.close()
        self.outputs = [tempfile.SpooledTemporaryFile(1 << 20) for _ in most]
        pipes = [self.process.stdout, self.process.stderr]
        readers = [threading.Thread(target=self.take, args=each, daemon=True) for each in zip((0, 1), pipes, most)]
        for each in readers:
            each.start()
        threading.Thread(target=self.wait, args=(readers,), daemon=True).start()

    def take(self, index, pipe, most):
        while True:
            part = os.read(pipe.fileno(), 1 << 16)
            if not part:
                return pipe.close()
            kept = part[:most - self.sizes[index]]
            self.truncated = self.truncated or len(kept) < len(part)
            try:
                if self.error is None:
                    self.outputs[index].write(kept)
            except OSError as error:
                self.error = error.strerror
                self.kill(signal.SIGKILL)
            self.sizes[index] += len(kept)

    def wait(self, readers):
        for each in readers:
            each.join()
        self.process.wait()
        self.done.set()
        print("${announcement}" + self.id, flush=True)

    def kill(self, number):
        if self.process is None or self.done.is_set():
            return
        try:
            os.killpg(self.process.pid, number)
        except OSError:
            pass

    def read(self, index, at):
        output = self.outputs[index]
        output.seek(at)
        return base64.b64encode(output.read(PIECE)).decode()

    def state(self):
        if not self.done.is_set():
            return {"done": False}
        if self.error is not None:
            return {"error": self.error}
        code = self.process.returncode
        end = {"code": code, "signal": None} if code >= 0 else {"code": None, "signal": signal.Signals(-code).name}
        head = [self.read(0, 0), self.read(1, 0)]
        return dict(end, done=True, sizes=self.sizes, truncated=self.truncated, head=head)

class Program:
    def __init__(self):
        self.jobs, self.dropped, self.made, self.heard = {}, set(), set(), time.monotonic()
        threading.Thread(target=self.watch, daemon=True).start()

    def __call__(self, text):
        self.heard = time.monotonic()
        request = json.loads(text)
        for id in request.pop("drop"):
            self.drop(id)
        try:
            answer = getattr(self, "on_" + request.pop("do"))(**request)
        except (OSError, ValueError) as error:
            answer = {"error": getattr(error, "strerror", None) or str(error)}
        text = json.dumps(answer).replace("'", "\\\\u0027")
        return "%08x%s" % (binascii.crc32(text.encode()) & 0xFFFFFFFF, text)

    def job(self, id):
        if id not in self.jobs:
            self.jobs[id] = Job(id)
        return self.jobs[id]

    def on_input(self, id, at, bytes):
        job = self.job(id)
        if job.process is None and id not in self.dropped:
            job.input.seek(at)
            job.input.write(base64.b64decode(bytes))
            job.input.flush()
        return {}

    def on_start(self, id, script, most):
        if id in self.dropped:
            return {"error": "it was dropped"}
        job = self.job(id)
        if job.process is None:
            job.start(script, most)
            # Another command must not wait for this one.
            job.done.wait(0.2 if len(self.jobs) == 1 else 0.02)
        return job.state()

    def on_look(self, id):
        return self.jobs[id].state() if id in self.jobs else {"error": "it is not known"}

    def on_read(self, id, index, at):
        return {"bytes": self.jobs[id].read(index, at)}

    def on_home(self):
        root, home = os.path.realpath(os.getcwd()), os.path.realpath(os.path.expanduser("~"))
        inside = home == root or home.startswith(root.rstrip("/") + "/")
        return {"root": root, "home": home if inside else root}

    def on_make(self, path):
        if path not in self.made:
            private(path)
            self.made.add(path)
        return {}

    def on_end(self):
        jobs = list(self.jobs.values())
        for number in signal.SIGTERM, signal.SIGKILL:
            for job in jobs:
                job.kill(number)
            until = time.monotonic() + 1
            for job in jobs:
                if job.process is not None:
                    job.done.wait(max(0, until - time.monotonic()))
        send(marked(b"SREMOTE_KERNEL=" + name.encode()), signal.SIGKILL)
        return {}

    def drop(self, id):
        self.dropped.add(id)
        job = self.jobs.pop(id, None)
        if job is not None and job.process is not None and not job.done.is_set():
            # Who aborts a command ends it by another one, at once; what that starts to clean up must not get a second signal.
            for delay, number in (1, signal.SIGTERM), (2, signal.SIGKILL):
                timer = threading.Timer(delay, job.kill, (number,))
                timer.daemon = True
                timer.start()

    def watch(self):
        # A client that lives asks after its commands all the time.
        while True:
            time.sleep(5)
            if time.monotonic() - self.heard > SILENCE:
                for id in list(self.jobs):
                    self.drop(id)

for each in lost:
    send(marked(b"SREMOTE_KERNEL=" + each.encode()), signal.SIGKILL)
own[name] = Program()
`;
