"""`make down`: stop the local cloud. What was in it is gone."""

import cloud
import place

stopped = cloud.stop()
for leftover in (place.STACK_FILE, place.DEPLOYED):
    leftover.unlink(missing_ok=True)
print("Stopped" if stopped else "Nothing was running")
