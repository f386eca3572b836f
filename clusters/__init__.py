"""What is out there: connections to clusters, the kinds we read, the mirror, and who may see it.

Never imports metrics or portal."""
