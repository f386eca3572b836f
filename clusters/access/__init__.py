"""Users, teams, grants and API tokens; clusters_visible_to(user) is the one rule of who may see what."""
