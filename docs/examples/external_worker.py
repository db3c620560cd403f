#!/usr/bin/env python3
"""Works on Jobcast's `external` jobs, with nothing but Python's standard library (3.9 or newer).

    JOBCAST_URL=http://127.0.0.1:3000 JOBCAST_TOKEN=… python3 external_worker.py

JOBCAST_TOKEN is a token with the role `service`. The work here is to count words: the job's data are {"text": …, "pause": seconds for each line, which
stands for work that takes time}. Put your own into `work`, and leave the rest as it is.
"""

import json
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request

URL = os.environ.get("JOBCAST_URL", "http://127.0.0.1:3000").rstrip("/")
TOKEN = os.environ.get("JOBCAST_TOKEN", "")
LEASE_SECONDS = int(os.environ.get("LEASE_SECONDS", "60"))
POLL_SECONDS = float(os.environ.get("POLL_SECONDS", "2"))
TIMEOUT_SECONDS = 30

# Set by SIGTERM and SIGINT: the job in hand is given back, and the process ends.
leaving = threading.Event()


class Refused(Exception):
    """Jobcast's answer to a call that it did not carry out."""

    def __init__(self, status, problem):
        super().__init__(problem.get("detail") or f"HTTP {status}")
        self.status = status
        self.code = problem.get("code", "internal")
        self.retryable = problem.get("retryable", status >= 500)


class ClaimOver(Exception):
    """The lease ran out or the job was cancelled: somebody else may have it, so it is nothing to us any more."""


class Leaving(Exception):
    """The process was asked to end."""


def call(method, path, body=None):
    """One call; raises Refused, or OSError when nobody answers."""
    request = urllib.request.Request(URL + path, method=method)
    request.add_header("Authorization", f"Bearer {TOKEN}")
    data = None
    if body is not None:
        request.add_header("Content-Type", "application/json")
        data = json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, data, TIMEOUT_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            problem = json.load(error)
        except ValueError:
            problem = {}
        raise Refused(error.code, problem) from None


class Claim:
    """A job in hand. A thread keeps its lease; what is reported under a claim that is over raises ClaimOver."""

    def __init__(self, job_id):
        self.path = f"/api/jobs/{job_id}"
        answer = call("POST", f"{self.path}/claim", {"leaseSeconds": LEASE_SECONDS})
        self.claim = answer["claim"]
        self.data = answer["input"]["data"]
        self.over = threading.Event()
        self._done = threading.Event()
        # Long before the lease runs out, so that a few heartbeats may fail.
        self._thread = threading.Thread(target=self._beat, args=(LEASE_SECONDS / 4,), daemon=True)
        self._thread.start()

    def _beat(self, every):
        while not self._done.wait(every):
            try:
                self._report("heartbeat", {})
            except ClaimOver:
                return
            except (Refused, OSError) as error:
                log(f"heartbeat failed, will try again: {error}")

    def _report(self, what, body):
        try:
            return call("POST", f"{self.path}/{what}", {**body, "claim": self.claim})
        except Refused as refused:
            if refused.code in ("stale_claim", "job_finished", "not_found"):
                self.over.set()
                raise ClaimOver(str(refused)) from None
            raise

    def progress(self, percent, step):
        """Tells the user how far it is. Call it as often as there is something to tell: it is also where the work learns that it should stop."""
        if leaving.is_set():
            raise Leaving()
        if self.over.is_set():
            raise ClaimOver("the claim is over")
        try:
            self._report("progress", {"progress": percent, "step": step})
        except (Refused, OSError) as error:
            # The work goes on: the next report may get through.
            log(f"progress was not told: {error}")

    def complete(self, result):
        self._finally("complete", {"result": result})

    def fail(self, code, message, retry=False):
        self._finally("fail", {"error": {"code": code, "message": message}, "retry": retry})

    def _finally(self, what, body):
        """Tries until it is told or the claim is over: an outcome is worth more than a report of progress."""
        pause = 0.5
        try:
            while True:
                try:
                    return self._report(what, body)
                except Refused as refused:
                    if not refused.retryable:
                        raise
                    log(f"{what} was not told, will try again: {refused}")
                except OSError as error:
                    log(f"{what} was not told, will try again: {error}")
                time.sleep(pause)
                pause = min(pause * 2, 10)
        finally:
            self.stop()

    def stop(self):
        self._done.set()


def work(data, progress):
    """Your work: takes the job's data, gives back the result. Call `progress` between its steps."""
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        raise ValueError("The data have no text")
    lines = data["text"].splitlines()
    words = 0
    for number, line in enumerate(lines, start=1):
        progress(100 * (number - 1) / len(lines), f"line {number} of {len(lines)}")
        time.sleep(float(data.get("pause", 0)))
        words += len(line.split())
    return {"lines": len(lines), "words": words}


def do(job_id):
    """Works on one job; False when somebody else has it."""
    try:
        claim = Claim(job_id)
    except Refused as refused:
        # Taken, delayed, cancelled: there will be others.
        if refused.status in (404, 409):
            return False
        raise
    log(f"{job_id}: claimed")
    try:
        try:
            claim.complete(work(claim.data, claim.progress))
            log(f"{job_id}: completed")
        except ValueError as error:
            claim.fail("input_corrupt", str(error))
            log(f"{job_id}: failed: {error}")
        except Leaving:
            claim.fail("worker_lost", "The worker was shut down", retry=True)
            log(f"{job_id}: given back")
        except (ClaimOver, Refused, OSError):
            raise
        except Exception as error:  # Whatever else goes wrong in `work` is told as well.
            log(f"{job_id}: failed: {error!r}")
            claim.fail("internal", "Something went wrong in the worker", retry=True)
    except ClaimOver as over:
        log(f"{job_id}: left alone: {over}")
    finally:
        claim.stop()
    return True


def find():
    """Ids of waiting jobs, the longest waiting of the page first."""
    page = call("GET", "/api/jobs?type=external&status=queued&userId=*&limit=200")
    return [job["jobId"] for job in reversed(page["items"])]


def log(text):
    print(text, file=sys.stderr, flush=True)


def main():
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leaving.set())
    log(f"working for {URL}")
    while not leaving.is_set():
        has_worked = False
        try:
            for job_id in find():
                if leaving.is_set():
                    break
                has_worked = do(job_id) or has_worked
        except (Refused, OSError) as error:
            log(f"cannot work, will try again: {error}")
        if not has_worked:
            leaving.wait(POLL_SECONDS)
    log("left")


if __name__ == "__main__":
    main()
