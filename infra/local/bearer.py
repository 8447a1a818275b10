"""`make token`: print an identity token of the admin, or with AS=operator of the operator."""

import sys

import cloud
from accounts import sign_in
from seed import known

who = sys.argv[1] if len(sys.argv) > 1 else "admin"
if who not in ("admin", "operator"):
    sys.exit(f"AS={who}: there are AS=admin and AS=operator")
stack = known() if cloud.running() else None
if stack is None:
    sys.exit("Nothing is running. Start it: make up")
print(sign_in(stack["user_pool_id"], stack["user_pool_client_id"], stack[f"{who}_email"], stack[f"{who}_password"]))
