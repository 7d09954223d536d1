"""`python -m nojs`, in the folder above, serves it on port 6767."""

from nojs.app import app

app.run()
