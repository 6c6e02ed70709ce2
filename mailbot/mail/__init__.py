"""One mail: its bytes read into a Mail, and a message of ours written."""
