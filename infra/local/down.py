"""`make down`: stop the local cloud and delete its data."""

import cloud
import settings

stopped = cloud.stop()
for leftover in (settings.STACK_FILE, settings.DEPLOYED):
    leftover.unlink(missing_ok=True)
print("The local cloud is stopped" if stopped else "The local cloud was not running")
