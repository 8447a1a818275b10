"""`make token`: print the admin's identity token, or the operator's with AS=operator."""

import sys

import cloud
from accounts import sign_in
from seed import known

who = sys.argv[1] if len(sys.argv) > 1 else "admin"
if who not in ("admin", "operator"):
    sys.exit(f"AS={who} is unknown. Use AS=admin or AS=operator.")
stack = known() if cloud.running() else None
if stack is None:
    sys.exit("The local cloud is not running. Start it: make up")
print(sign_in(stack["user_pool_id"], stack["user_pool_client_id"], stack[f"{who}_email"], stack[f"{who}_password"]))
