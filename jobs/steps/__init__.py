"""The steps of a build, each made from a manifest and its inputs."""
