"""What the scripts of this folder share. A script finds it because Python looks beside the script it runs."""
