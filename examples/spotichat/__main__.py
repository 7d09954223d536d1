"""`python -m spotichat`, in the folder above, serves it on port 6767."""

from spotichat.app import app

app.run()
