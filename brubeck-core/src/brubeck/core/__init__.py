"""The code of Brubeck; users import the four surfaces that re-export it."""
