"""Rights: on what ground an owner holds, uses or offers a resource (数据产权)."""
