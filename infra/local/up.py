"""`make up`: build, start the local cloud, deploy the template, seed it. A second run does only what is left."""

import sys

import settings
from build import build
from cloud import start
from deploy import deploy
from seed import seed


def up():
    sys.stdout.reconfigure(line_buffering=True)
    settings.FOLDER.mkdir(parents=True, exist_ok=True)
    build()
    start()
    deploy()
    return seed()


if __name__ == "__main__":
    stack = up()
    print(f"""
Ready. {stack["admin_email"]} is the admin of Acme, organisation {stack["org"]}.
  API        {stack["api_url"]}
  mail       {stack["mail_url"]}
  settings   {settings.STACK_FILE.relative_to(settings.ROOT)}
Print a bearer token       {settings.make("token")}
Run the demo               {settings.make("demo")}
Stop the local cloud       {settings.make("down")}""")
