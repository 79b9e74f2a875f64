"""Items about the retention of table series: which table such an item is about, and which old parts it names."""
