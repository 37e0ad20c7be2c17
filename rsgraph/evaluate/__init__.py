"""The verb evaluate: how good a finished workspace is, part by part."""
