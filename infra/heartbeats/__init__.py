"""Workers tell through the database that they are there, for the API and for whoever watches over them."""
