"""What would Assent decide? Without effect, receipt or question; the server must have been wrapped once before."""

import json
import subprocess

action = {"principal": 'Agent::"local/claude"', "server": "mcp-server-sqlite", "tool": "write_query"}
action["arguments"] = {"query": "DROP TABLE notes"}
done = subprocess.run(["assent", "decide", "--json"], input=json.dumps(action), capture_output=True, text=True)
decision = json.loads(done.stdout)
for reason in decision["reasons"]:
    print(decision["verdict"], reason["policy"], reason["message"], sep=": ")
