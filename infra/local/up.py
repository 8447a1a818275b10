"""`make up`: build, start the local cloud, deploy the template to it, seed it. Run again, it does what is left."""

import sys

import place
from build import build
from cloud import start
from deploy import deploy
from seed import seed


def up():
    sys.stdout.reconfigure(line_buffering=True)
    place.FOLDER.mkdir(parents=True, exist_ok=True)
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
  all of it  {place.STACK_FILE.relative_to(place.ROOT)}
A bearer token             {place.make("token")}
The main job, told         {place.make("demo")}
To stop                    {place.make("down")}""")
