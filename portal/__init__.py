"""The shell: settings, urls, processes, pages, commands."""
