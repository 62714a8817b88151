"""A program with nothing but a supervisor in it: `supervised.py SPECS`, a JSON list of `ProcessSpec` fields."""

import json
import sys

from parkhub.cli.children import ProcessSpec
from parkhub.cli.supervisor import Supervisor
from parkhub.logs import set_up_logs
from parkhub.settings import Settings

set_up_logs(Settings(log_format="json", log_level="debug"))
with Supervisor() as supervisor:
    for fields in json.loads(sys.argv[1]):
        supervisor.start(ProcessSpec(**fields))
    print("started", flush=True)
    supervisor.run()
