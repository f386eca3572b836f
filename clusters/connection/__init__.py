"""The one package that speaks to a cluster: settings, credentials, address guard, reader, errors."""
