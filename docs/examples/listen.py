#!/usr/bin/python3
"""Hears what happens, with python-socketio (Debian: python3-socketio and python3-aiohttp), and misses nothing.

    JOBCAST_URL=http://127.0.0.1:3000 /usr/bin/python3 listen.py

The token is read from the file `token` at each connection, so that it may be a fresh one. What is heard is printed as lines of JSON.
"""

import asyncio
import json
import os

import socketio

URL = os.environ.get("JOBCAST_URL", "http://127.0.0.1:3000")

# Not `socketio.Client`: that one hands every event to a thread of its own, which may overtake one another.
client = socketio.AsyncClient()
cursors = {}


def introduce():
    """Called at each connection."""
    with open("token", encoding="utf-8") as file:
        return {"token": file.read().strip(), "cursors": cursors}


# Not a coroutine: what waits in between lets the next event go first.
@client.on("*")
def hear(event, data):
    if event == "ready":
        cursors.update(data["cursors"])
    elif data.get("cursor"):
        cursors[data["feed"]] = data["cursor"]
    print(json.dumps({"event": event, "data": data}), flush=True)


async def main():
    await client.connect(URL, auth=introduce)
    # `wait` ends with a connection that comes back, too.
    while True:
        await client.wait()
        await asyncio.sleep(1)


asyncio.run(main())
