"""Publishing: a corpus goes to a folder, an object store or the Hub, and is proved where it arrived."""
