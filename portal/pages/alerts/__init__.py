"""The inbox of alerts, one alert's page, silences, rules and destinations."""
