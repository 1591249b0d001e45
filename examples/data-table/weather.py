def monthly(days):
    """The mean, lowest and highest temperature of each month, and how many days were measured."""
    groups = days.groupby(days["day"].dt.month)["celsius"]
    found = groups.agg(["mean", "min", "max", "count"]).round(2)
    found.index.name = "month"
    return found.reset_index()
