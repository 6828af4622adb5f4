"""Fill the shelves."""

from __future__ import annotations

from django.db import migrations

PRODUCTS = [
    ("Moka pot", "Stovetop espresso for three.", "34.00", 12),
    ("Hand grinder", "Steel burrs, two minutes, no noise.", "58.00", 5),
    ("Moon mug", "Glows in the dark. The very last one.", "18.00", 1),
    ("Drip kettle", "New this week: nobody has reviewed it yet.", "42.00", 8),
]
REVIEWS = [
    ("Moka pot", "ada", 5, "Wakes me up before it is ready."),
    ("Moka pot", "linus", 4, "Gurgles."),
    ("Hand grinder", "grace", 5, "A work of engineering."),
    ("Moon mug", "edsger", 3, "Considered harmful after midnight."),
]
ORDERS = [("ada", "Moka pot", 2), ("grace", "Hand grinder", 1)]


def fill(apps, schema_editor):
    Product = apps.get_model("shop", "Product")
    rows = [Product(name=n, blurb=b, price=p, stock=s) for n, b, p, s in PRODUCTS]
    products = {}
    for row in rows:
        row.save()
        products[row.name] = row
    for name, author, stars, text in REVIEWS:
        products[name].reviews.create(author=author, stars=stars, text=text)
    for customer, name, quantity in ORDERS:
        products[name].orders.create(customer=customer, quantity=quantity)


def empty(apps, schema_editor):
    for name in ("Order", "Review", "Product"):
        apps.get_model("shop", name).objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(fill, empty)]
